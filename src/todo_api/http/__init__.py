"""What every endpoint shares: authentication, request bodies, preconditions, problems, responses."""
