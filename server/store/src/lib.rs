//! Keys, users, sessions and usage in a database.
