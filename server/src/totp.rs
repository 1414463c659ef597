//! Time-based one-time passwords (RFC 6238), with the parameters that every authenticator knows: HMAC-SHA-1, steps of 30
//! seconds, six digits.

use std::fmt::Write;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use qrcodegen::{QrCode, QrCodeEcc};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use worv_core::{Entropy, UnixMillis};

/// Seconds that a code is for.
const STEP: i64 = 30;

/// Steps before and after the present one whose codes are accepted: clocks differ, and people take time to type.
const TOLERANCE: i64 = 1;

/// Light modules around a QR code, as ISO/IEC 18004 wants them.
const QUIET_ZONE: i32 = 4;

/// A new shared secret, of the 160 bits that RFC 4226 recommends.
pub fn new_secret(entropy: &Entropy) -> [u8; 20] {
    entropy.bytes()
}

/// The secret in base 32, as authenticators take it.
pub fn in_base_32(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// The step of time that `code` is right for, near `now`; none if it is wrong.
pub fn step_of(code: &str, secret: &[u8], now: UnixMillis) -> Option<i64> {
    let digits: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let present = now.0.div_euclid(1000).div_euclid(STEP);
    (present - TOLERANCE..=present + TOLERANCE)
        .find(|&step| bool::from(code_at(secret, step).as_bytes().ct_eq(digits.as_bytes())))
}

/// The code of a step of time.
pub fn code_at(secret: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of every length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    // Dynamic truncation, RFC 4226 section 5.3.
    let offset = usize::from(digest[19] & 15);
    let word = [
        digest[offset] & 127,
        digest[offset + 1],
        digest[offset + 2],
        digest[offset + 3],
    ];
    format!("{:06}", u32::from_be_bytes(word) % 1_000_000)
}

/// The secret of `user` as authenticators read it from a QR code
/// (<https://github.com/google/google-authenticator/wiki/Key-Uri-Format>).
pub fn uri(secret: &[u8], user: &str) -> String {
    let name: String = form_urlencoded::byte_serialize(user.as_bytes()).collect();
    format!(
        "otpauth://totp/worv:{}?secret={}&issuer=worv",
        name.replace('+', "%20"),
        in_base_32(secret)
    )
}

/// A QR code as an SVG drawing; none for text that no QR code can hold.
pub fn qr_svg(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|&x| code.get_module(x, y)) {
            // Writing to a string cannot fail.
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    let (start, whole) = (-QUIET_ZONE, size + 2 * QUIET_ZONE);
    Some(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="{start} {start} {whole} {whole}" shape-rendering="crispEdges" role="img" aria-label="QR code"><rect x="{start}" y="{start}" width="{whole}" height="{whole}" fill="#fff"/><path d="{path}" fill="#000"/></svg>"##
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238's test vectors for SHA-1.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SECRET, seconds / STEP), code);
        }
    }

    #[test]
    fn a_code_is_right_for_its_step_and_the_ones_beside_it() {
        let at = |seconds: i64| UnixMillis(seconds * 1000);
        assert_eq!(step_of("287082", SECRET, at(59)), Some(1));
        assert_eq!(step_of(" 287 082 ", SECRET, at(29)), Some(1));
        assert_eq!(step_of("287082", SECRET, at(89)), Some(1));
        assert_eq!(step_of("287082", SECRET, at(90)), None);
        for wrong in ["", "28708", "2870822", "287083", "２８７０８２"] {
            assert_eq!(step_of(wrong, SECRET, at(59)), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_authenticator_reads_the_secret_and_whose_it_is() {
        assert_eq!(
            uri(SECRET, "Ada L&ovelace"),
            "otpauth://totp/worv:Ada%20L%26ovelace?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=worv"
        );
        let drawing = qr_svg(&uri(SECRET, "ada")).unwrap();
        assert!(drawing.starts_with("<svg") && drawing.contains("h1v1h-1z"));
        assert_eq!(qr_svg(&"x".repeat(5_000)), None);
    }
}
