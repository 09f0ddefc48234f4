"""HTML for people: views, what the model page knows, numbers as SVG. Knows no HTTP limits."""
