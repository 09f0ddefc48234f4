"""The model on the visitor's own device: a page of static files, served or exported."""
