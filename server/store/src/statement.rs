//! Statements that insert several rows at a time. They differ in nothing but the number of placeholders.

use crate::store::Kind;

/// A statement for a fixed number of rows, and the same for one, in the words of either database.
pub(crate) struct RowStatements {
    sqlite: [String; 2],
    postgres: [String; 2],
}

impl RowStatements {
    /// `text` makes the statement of its placeholders.
    pub(crate) fn new(rows: usize, columns: usize, text: impl Fn(&str) -> String) -> Self {
        let of = |kind| [rows, 1].map(|rows| text(&placeholders(kind, rows, columns)));
        Self {
            sqlite: of(Kind::Sqlite),
            postgres: of(Kind::Postgres),
        }
    }

    /// The statement for the fixed number of rows, and that for one.
    pub(crate) fn of(&self, kind: Kind) -> &[String; 2] {
        match kind {
            Kind::Sqlite => &self.sqlite,
            Kind::Postgres => &self.postgres,
        }
    }
}

/// `($1, $2), ($3, $4)` for two rows of two columns. `SQLite` takes a number for a name, and looks for each name in the
/// list of all of them; so it gets question marks.
pub(crate) fn placeholders(kind: Kind, rows: usize, columns: usize) -> String {
    let place = |number: usize| match kind {
        Kind::Sqlite => "?".to_owned(),
        Kind::Postgres => format!("${number}"),
    };
    let row = |row: usize| {
        let places: Vec<_> = (1..=columns).map(|column| place(row * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_through_where_that_costs_nothing() {
        assert_eq!(placeholders(Kind::Postgres, 2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(placeholders(Kind::Sqlite, 2, 3), "(?, ?, ?), (?, ?, ?)");
    }
}
