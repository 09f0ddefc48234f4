"""Pictures that were kept, as files and as rows. Knows no Flask."""
