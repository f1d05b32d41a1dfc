"""Notices on their way to people: channels of a team (mail, chat, webhooks), and what became of each delivery."""
