"""Training data: speech of synthesizers over public-domain text, and people's own recordings."""
