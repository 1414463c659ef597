//! When an answer was made, as its head says it (RFC 9110, section 5.6.7).

use std::{
    cell::Cell,
    io::Write,
    time::{Duration, SystemTime},
};

use httpdate::HttpDate;
use worv_core::UnixMillis;

/// Bytes of a date in the form that is in use.
const LENGTH: usize = 29;

thread_local! {
    /// The latest that this thread has made, for all answers of its second.
    static LATEST: Cell<(u64, [u8; LENGTH])> = const { Cell::new((u64::MAX, [0; LENGTH])) };
}

/// The date at `now`.
pub(super) fn http_date(now: UnixMillis) -> [u8; LENGTH] {
    let since_1970 = Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
    let second = since_1970.as_secs();
    let (of, known) = LATEST.get();
    if of == second {
        return known;
    }
    let mut date = [b' '; LENGTH];
    // All dates of these millennia are as long as there is room.
    let _ = write!(&mut date[..], "{}", HttpDate::from(SystemTime::UNIX_EPOCH + since_1970));
    LATEST.set((second, date));
    date
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_own_date() {
        for (milliseconds, expected) in [
            (784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (784_111_777_999, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (784_111_778_000, "Sun, 06 Nov 1994 08:49:38 GMT"),
            (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] {
            assert_eq!(http_date(UnixMillis(milliseconds)), *expected.as_bytes());
        }
    }
}
