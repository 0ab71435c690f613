"""Every checkpoint layout, read into and written from canonical weight names, without any framework."""
