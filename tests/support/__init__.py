"""Parts that the end-to-end tests and the demo start, drive and watch."""
