"""The server: routes, login, the page and its scripts."""
