"""`make doctor`: says what is wrong, even where not so much as the settings can be read."""
