//! Which trace a request belongs to, as `traceparent` says it (W3C Trace Context).

use std::fmt;

/// The number of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(pub u128);

/// The number of a span: of one piece of work in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanId(pub u64);

/// The span that a request comes from, as its header says it. Printed as the header's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace: TraceId,
    /// Its span that sends the request.
    pub span: SpanId,
    /// Whether whoever sends it records its part of the trace.
    pub sampled: bool,
}

/// How long the value of version 00 is; later versions begin with the same.
const LENGTH: usize = 55;

impl TraceParent {
    /// Reads a header's value. What does not follow the recommendation counts as none.
    pub fn parse(text: &str) -> Option<Self> {
        let (known, later) = text.split_at_checked(LENGTH)?;
        let mut parts = known.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let fits = version != "ff"
            && (later.is_empty() || version != "00" && later.starts_with('-'))
            && parts.next().is_none()
            && [(version, 2), (trace, 32), (span, 16), (flags, 2)]
                .into_iter()
                .all(|(part, length)| part.len() == length && part.bytes().all(is_lower_hex));
        if !fits {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|trace| *trace != 0)?;
        let span = u64::from_str_radix(span, 16).ok().filter(|span| *span != 0)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self {
            trace: TraceId(trace),
            span: SpanId(span),
            sampled: flags & 1 == 1,
        })
    }
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_value_is_read_and_printed() {
        let parent = TraceParent::parse(VALUE).unwrap();
        assert_eq!(parent.trace, TraceId(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736));
        assert_eq!(parent.span, SpanId(0x00f0_67aa_0ba9_02b7));
        assert!(parent.sampled);
        assert_eq!(parent.to_string(), VALUE);
        let later = TraceParent::parse(&format!("cc{}-more", &VALUE[2..])).unwrap();
        assert_eq!(later, parent);
        assert!(!TraceParent::parse(&VALUE.replace("-01", "-02")).unwrap().sampled);
    }

    #[test]
    fn what_does_not_follow_the_recommendation_is_none() {
        for wrong in [
            "",
            "00",
            &VALUE[..54],
            &format!("{VALUE}-more"),
            &format!("cc{}more", &VALUE[2..]),
            &format!("ff{}", &VALUE[2..]),
            &VALUE.to_uppercase(),
            &VALUE.replace('-', "_"),
            &VALUE.replace("00f067aa0ba902b7", "0000000000000000"),
            &VALUE.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &VALUE.replace("00f0", "+0f0"),
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceParent::parse(wrong), None, "{wrong}");
        }
    }
}
