"""The weight-conversion command line `xlm-convert`: commands over `xlm_core.formats`."""
