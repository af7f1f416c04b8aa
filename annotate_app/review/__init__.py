"""The review: protocol, sessions, batches, and the decisions they take; everything the server enforces."""
