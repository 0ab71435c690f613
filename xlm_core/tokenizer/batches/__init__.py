"""What a call reads and gives: texts, special tokens, truncation, padding, columns, look-ups."""
