"""One address and one key for every model: requests pass through as they are, limited, budgeted and written down."""
