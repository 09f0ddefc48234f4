"""The image: `florist image`, and what runs in a container beside the app."""
