"""What the pages over everything read: browse, one example, its lineage, jobs, events."""
