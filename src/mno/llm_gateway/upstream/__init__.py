"""The way to providers: a small HTTP/1.1 client, pooled and guarded."""
