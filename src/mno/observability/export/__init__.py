"""The hub's own figures, sent to an OpenTelemetry collector that an administrator names."""
