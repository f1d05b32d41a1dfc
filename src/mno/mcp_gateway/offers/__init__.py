"""What servers offer: remembered, held to what was accepted, read anew when they say so."""
