"""The web app: a page for people and an API for programs. Never imports Keras or TensorFlow."""

from florist.web.app import create_app

__all__ = ["create_app"]
