"""The server around the app: gunicorn with a worker of our own, or waitress."""
