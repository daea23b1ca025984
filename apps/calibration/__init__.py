"""Gold, and how true each annotator is."""
