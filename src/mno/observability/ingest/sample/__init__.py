"""The bundled sample: 8,819 real requests, so that a newcomer sees spend on screen with one click."""
