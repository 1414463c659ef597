//! Statements that insert several rows at a time. They differ in nothing but the number of placeholders.

use crate::store::Kind;

/// Statements for so many rows each, the largest first and the last for one, in the words of either database.
pub(crate) struct RowStatements<const SIZES: usize> {
    sizes: [usize; SIZES],
    sqlite: [String; SIZES],
    postgres: [String; SIZES],
}

impl<const SIZES: usize> RowStatements<SIZES> {
    /// `text` makes the statement of its placeholders.
    pub(crate) fn new(sizes: [usize; SIZES], columns: usize, text: impl Fn(&str) -> String) -> Self {
        let of = |kind| sizes.map(|rows| text(&placeholders(kind, rows, columns)));
        Self {
            sizes,
            sqlite: of(Kind::Sqlite),
            postgres: of(Kind::Postgres),
        }
    }

    /// The statements that insert `rows`, with those that each of them takes.
    pub(crate) fn each<'a, T>(&'a self, kind: Kind, rows: &'a [T]) -> impl Iterator<Item = (&'a str, &'a [T])> {
        let mut rest = rows;
        std::iter::from_fn(move || {
            let size = self.sizes.iter().position(|size| *size <= rest.len())?;
            let (taken, left) = rest.split_at(self.sizes[size]);
            rest = left;
            Some((self.of(kind)[size].as_str(), taken))
        })
    }

    /// The statement for one row.
    pub(crate) fn one(&self, kind: Kind) -> &str {
        &self.of(kind)[SIZES - 1]
    }

    fn of(&self, kind: Kind) -> &[String; SIZES] {
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

    #[test]
    fn rows_are_inserted_by_the_largest_statements_that_they_fill() {
        let statements = RowStatements::new([8, 3, 1], 1, str::to_owned);
        let rows: Vec<_> = (0..21).collect();
        let each: Vec<_> = statements.each(Kind::Sqlite, &rows).collect();
        let taken: Vec<_> = each.iter().map(|(_, rows)| rows.len()).collect();
        assert_eq!(taken, [8, 8, 3, 1, 1]);
        assert!(each.iter().all(|(text, rows)| text.matches('?').count() == rows.len()));
        assert_eq!(
            each.iter()
                .flat_map(|(_, rows)| rows.iter().copied())
                .collect::<Vec<_>>(),
            rows
        );
        assert_eq!(statements.each(Kind::Sqlite, &rows[..0]).count(), 0);
    }
}
