"""What the model will be taught: versions, proposals, approvals."""
