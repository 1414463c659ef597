//! One figure over time, and its drawing.

use std::fmt::Write as _;

/// The coordinates that lines are drawn in; the style sheet stretches them to where they stand.
pub(in crate::served::gpus) const VIEW_BOX: &str = "0 0 1000 100";

/// One figure, bin by bin.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::served::gpus) struct Line {
    /// Its mean in each bin; none where nothing is known.
    pub(in crate::served::gpus) values: Vec<Option<f64>>,
    /// What the top of the drawing stands for.
    pub(in crate::served::gpus) top: f64,
}

impl Line {
    /// The latest value that is known.
    pub(in crate::served::gpus) fn latest(&self) -> Option<f64> {
        self.values.iter().rev().copied().flatten().next()
    }

    /// The line over its area, as the inside of an `<svg>` with [`VIEW_BOX`].
    pub(in crate::served::gpus) fn drawing(&self) -> String {
        let (mut line, mut area) = (String::new(), String::new());
        let mut piece: Vec<(f64, f64)> = Vec::new();
        let width = 1000.0 / to_f64(self.values.len().max(1));
        for (place, value) in self.values.iter().enumerate() {
            if let Some(value) = value {
                let y = 100.0 - (value / self.top).clamp(0.0, 1.0) * 100.0;
                piece.push(((to_f64(place) + 0.5) * width, y));
            } else {
                end(&mut piece, width, &mut line, &mut area);
            }
        }
        end(&mut piece, width, &mut line, &mut area);
        format!(r#"<path class="fill-1" d="{area}"/><path class="ink-1" d="{line}"/>"#)
    }

    /// The same with a top that no value passes.
    pub(super) fn high_enough(self) -> Self {
        let highest = self.values.iter().copied().flatten().fold(1.0, f64::max);
        Self {
            top: self.top.max(highest),
            ..self
        }
    }
}

/// Draws a piece of a line, between two times of which nothing is known. One bin alone is as wide as it is.
fn end(piece: &mut Vec<(f64, f64)>, width: f64, line: &mut String, area: &mut String) {
    if let [(x, y)] = piece[..] {
        *piece = vec![(x - width / 2.0, y), (x + width / 2.0, y)];
    }
    let (Some(first), Some(last)) = (piece.first(), piece.last()) else {
        return;
    };
    let mut command = 'M';
    let mut path = String::new();
    for (x, y) in piece.iter() {
        // Writing to a string does not fail.
        let _ = write!(path, "{command}{x:.1} {y:.1}");
        command = 'L';
    }
    let _ = write!(area, "{path}L{:.1} 100L{:.1} 100Z", last.0, first.0);
    line.push_str(&path);
    piece.clear();
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred bins")]
fn to_f64(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_kept_and_values_stay_inside() {
        let line = Line {
            values: vec![Some(0.0), Some(50.0), None, Some(250.0)],
            top: 100.0,
        };
        insta::assert_snapshot!(line.drawing(), @r#"<path class="fill-1" d="M125.0 100.0L375.0 50.0L375.0 100L125.0 100ZM750.0 0.0L1000.0 0.0L1000.0 100L750.0 100Z"/><path class="ink-1" d="M125.0 100.0L375.0 50.0M750.0 0.0L1000.0 0.0"/>"#);
    }
}
