"""The server around the app: an event loop that waits for clients, and threads that answer."""
