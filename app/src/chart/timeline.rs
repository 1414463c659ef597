//! One bar whose parts follow each other in time. The drawing takes the width of its element.

use std::fmt::Write as _;

/// The least share of the width, in hundredths of a percent, with which a part can be seen.
const LEAST: u64 = 40;

/// Draws parts, each with the number of its colour, its beginning and its end, as the inside of an `<svg>` of any size. A
/// part that is too short to be seen is drawn a little longer, over what follows it.
pub(crate) fn timeline(parts: &[(u8, u64, u64)]) -> String {
    let mut svg = String::new();
    let whole = parts.iter().map(|(_, _, to)| *to).max().unwrap_or(0).max(1);
    let share = |at: u64| u64::try_from(u128::from(at) * 10_000 / u128::from(whole)).unwrap_or(10_000);
    // The last first, so that a short part lies over the one after it.
    for (number, from, to) in parts.iter().rev() {
        let (from, to) = (share(*from), share(*to));
        let width = (to - from).max(LEAST);
        let from = from.min(10_000 - width);
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            "<rect class=\"fill-{number}\" x=\"{}.{:02}%\" y=\"0\" width=\"{}.{:02}%\" height=\"100%\"/>",
            from / 100,
            from % 100,
            width / 100,
            width % 100
        );
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_and_short_ones_can_be_seen() {
        let svg = timeline(&[(1, 0, 250), (2, 250, 30_250), (4, 40_000, 900_000)]);
        let expected = [
            r#"<rect class="fill-4" x="4.44%" y="0" width="95.56%" height="100%"/>"#,
            r#"<rect class="fill-2" x="0.02%" y="0" width="3.34%" height="100%"/>"#,
            r#"<rect class="fill-1" x="0.00%" y="0" width="0.40%" height="100%"/>"#,
        ];
        assert_eq!(svg, expected.concat());
        assert_eq!(timeline(&[]), "");
    }
}
