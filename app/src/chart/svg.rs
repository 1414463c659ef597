//! A drawing backend for plotters that writes SVG without a single colour in it.
//!
//! The backends of plotters write colours and fonts into every element, and measure text with the browser's help where
//! there is one. This one writes classes, which the style sheet fills in for each theme, and measures text by a table; what
//! it writes is therefore the same everywhere. A colour's blue channel is the number of the class, see [`ink`].

use std::fmt::{self, Write as _};

use plotters::style::{FontFamily, RGBColor};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    text_anchor::{HPos, VPos},
};

use super::Size;

/// plotters counts in whole units, which are too coarse for a line that moves slowly: it is given so many units a pixel.
pub(crate) const UNITS: i32 = 10;

/// The same as [`UNITS`], for sizes.
pub(crate) const UNITS_U32: u32 = UNITS.unsigned_abs();

/// The height of a label in pixels.
const LABEL_HEIGHT: u32 = 11;

/// The class of labels.
pub(crate) const LABEL: RGBColor = ink(8);
/// The class of grid lines.
pub(crate) const GRID: RGBColor = ink(9);

/// The font of labels. Its name is the style sheet's business; one given as text would be brought to lower case, with the
/// tables of Unicode for that.
pub(crate) const fn label_font() -> (FontFamily<'static>, u32) {
    (FontFamily::SansSerif, LABEL_HEIGHT * UNITS_U32)
}

/// The colour that stands for a class: lines and texts get the class `ink-N`, areas `fill-N`.
pub(crate) const fn ink(number: u8) -> RGBColor {
    RGBColor(0, 0, number)
}

/// Collects the elements of one drawing.
pub(crate) struct SvgBackend<'a> {
    size: Size,
    svg: &'a mut String,
    /// Whether places from the left are written in percent of the width: such a drawing takes the width of its element.
    elastic: bool,
}

type Drawn = Result<(), DrawingErrorKind<fmt::Error>>;

impl<'a> SvgBackend<'a> {
    /// A backend that appends the elements of the drawing, without an `<svg>` around them.
    pub(crate) fn new(svg: &'a mut String, size: Size) -> Self {
        Self {
            size,
            svg,
            elastic: false,
        }
    }

    /// A backend whose drawing takes whatever width its element has. It draws lines, rectangles and texts; there are no
    /// polygons in percent.
    #[cfg(feature = "ssr")]
    pub(crate) fn elastic(svg: &'a mut String, size: Size) -> Self {
        Self {
            size,
            svg,
            elastic: true,
        }
    }

    fn across(&self, x: i32) -> Across {
        if self.elastic {
            let whole = i64::from(self.size.width * UNITS_U32).max(1);
            Across::Share(i64::from(x) * 10_000 / whole)
        } else {
            Across::Pixels(x)
        }
    }

    fn element(&mut self, arguments: fmt::Arguments<'_>) -> Drawn {
        self.svg.write_fmt(arguments).map_err(DrawingErrorKind::DrawingError)
    }

    fn shape(&mut self, element: &str, kind: &str, class: u8, points: impl IntoIterator<Item = BackendCoord>) -> Drawn {
        self.element(format_args!("<{element} class=\"{kind}-{class}\" points=\""))?;
        for (position, (x, y)) in points.into_iter().enumerate() {
            let separator = if position == 0 { "" } else { " " };
            self.element(format_args!("{separator}{},{}", Pixels(x), Pixels(y)))?;
        }
        self.element(format_args!("\"/>"))
    }
}

impl DrawingBackend for SvgBackend<'_> {
    type ErrorType = fmt::Error;

    fn get_size(&self) -> (u32, u32) {
        (self.size.width * UNITS_U32, self.size.height * UNITS_U32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        let class = color.rgb.2;
        let (x, y) = (self.across(x), Pixels(y));
        self.element(format_args!(
            "<rect class=\"fill-{class}\" x=\"{x}\" y=\"{y}\" width=\"1\" height=\"1\"/>"
        ))
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        if style.color().alpha == 0.0 {
            return Ok(());
        }
        let class = style.color().rgb.2;
        let (x1, x2) = (self.across(from.0), self.across(to.0));
        let (y1, y2) = (Pixels(from.1), Pixels(to.1));
        self.element(format_args!(
            "<line class=\"ink-{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"
        ))
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, fill: bool) -> Drawn {
        if self.elastic && fill && style.color().alpha > 0.0 {
            let class = style.color().rgb.2;
            let (x, width) = (self.across(from.0.min(to.0)), self.across((to.0 - from.0).abs()));
            let (y, height) = (Pixels(from.1.min(to.1)), Pixels((to.1 - from.1).abs()));
            return self.element(format_args!(
                "<rect class=\"fill-{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
            ));
        }
        let corners = [from, (to.0, from.1), to, (from.0, to.1)];
        if fill {
            self.fill_polygon(corners, style)
        } else {
            self.draw_path(corners.into_iter().chain([from]), style)
        }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        if style.color().alpha == 0.0 {
            return Ok(());
        }
        if self.elastic {
            let points: Vec<_> = path.into_iter().collect();
            return points
                .windows(2)
                .try_for_each(|ends| self.draw_line(ends[0], ends[1], style));
        }
        self.shape("polyline", "ink", style.color().rgb.2, path)
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, corners: I, style: &S) -> Drawn {
        if style.color().alpha == 0.0 {
            return Ok(());
        }
        self.shape("polygon", "fill", style.color().rgb.2, corners)
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, (x, y): BackendCoord) -> Drawn {
        let class = style.color().rgb.2;
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        // The baseline of a label without descenders, counted from where plotters anchors the label.
        let baseline = match style.anchor().v_pos {
            VPos::Top => 85,
            VPos::Center => 36,
            VPos::Bottom => -15,
        };
        let height = UNITS * LABEL_HEIGHT.cast_signed();
        let (x, y) = (self.across(x), Pixels(y + height * baseline / 100));
        let text = Escaped(text);
        self.element(format_args!(
            "<text class=\"ink-{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>"
        ))
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        _: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Self::ErrorType>> {
        let hundredths: u32 = text.chars().map(width).sum();
        let height = LABEL_HEIGHT * UNITS_U32;
        Ok((hundredths * height / 100, height))
    }
}

/// A position in pixels, from one in units.
struct Pixels(i32);

impl fmt::Display for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, tenths) = (self.0.abs() / UNITS, self.0.abs() % UNITS);
        match tenths {
            0 => write!(f, "{sign}{whole}"),
            _ => write!(f, "{sign}{whole}.{tenths}"),
        }
    }
}

/// A position from the left.
pub(crate) enum Across {
    /// In units, written in pixels.
    Pixels(i32),
    /// In hundredths of a percent.
    Share(i64),
}

impl fmt::Display for Across {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Pixels(units) => Pixels(units).fmt(f),
            Self::Share(share) => {
                let sign = if share < 0 { "-" } else { "" };
                let (whole, hundredths) = (share.abs() / 100, share.abs() % 100);
                match hundredths {
                    0 => write!(f, "{sign}{whole}%"),
                    _ => write!(f, "{sign}{whole}.{hundredths:02}%"),
                }
            }
        }
    }
}

/// Text with what has a meaning in SVG replaced.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// About how wide a character is, in hundredths of the height.
fn width(character: char) -> u32 {
    match character {
        '.' | ',' | ':' | ';' | '\'' | '|' | 'i' | 'l' | ' ' => 28,
        'm' | 'w' | 'M' | 'W' | '%' => 85,
        _ => 62,
    }
}

#[cfg(test)]
mod tests {
    use plotters::prelude::*;

    use super::*;

    #[test]
    fn every_shape_has_a_class_and_no_colour() {
        let mut svg = String::new();
        let root = SvgBackend::new(&mut svg, Size { width: 20, height: 10 }).into_drawing_area();
        root.draw(&PathElement::new(vec![(0, 0), (15, 25), (-4, 99)], ink(3)))
            .unwrap();
        root.draw(&Rectangle::new([(0, 0), (20, 30)], ink(4).filled())).unwrap();
        root.draw(&Rectangle::new([(0, 0), (20, 30)], ink(5))).unwrap();
        root.draw(&Rectangle::new([(0, 0), (20, 30)], TRANSPARENT.filled()))
            .unwrap();
        root.draw(&Text::new("<1 & 2>", (50, 50), label_font().into_font().color(&ink(6))))
            .unwrap();
        drop(root);
        insta::assert_snapshot!(svg.replace("><", ">\n<"));
    }

    #[test]
    fn positions_keep_their_tenths_and_their_sign() {
        assert_eq!(
            [0, 5, -5, 10, -123].map(|units| Pixels(units).to_string()),
            ["0", "0.5", "-0.5", "1", "-12.3"]
        );
    }
}
