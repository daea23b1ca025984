"""People: sign-in, tokens, invitations."""
