"""Who is at work, at whichever page: names, tabs and their leases, and why a request is refused."""
