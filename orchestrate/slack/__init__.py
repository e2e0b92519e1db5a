"""Slack: people say `/deploy`, press buttons and answer in threads; a channel is kept up to date."""
