"""The secrets that stand for a consent."""
