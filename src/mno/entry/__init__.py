"""How the program is entered: the web server and the command line."""
