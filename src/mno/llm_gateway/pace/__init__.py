"""What a key may ask at a time and in a minute: counted in this process, or in Redis for all of them."""
