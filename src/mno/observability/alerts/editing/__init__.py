"""Rules as people make and change them."""
