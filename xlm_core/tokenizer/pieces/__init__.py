"""Words → pieces: byte-pair encoding, what is remembered of it, and where the pieces stand in a text."""
