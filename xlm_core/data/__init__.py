"""From encodings to batches of numpy arrays."""
