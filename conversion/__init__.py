"""The weight-conversion command line: commands over `xlm_core.formats`, which a later release adds."""
