"""One file per app; each job claims its run, computes, and records."""
