//! A record in as few steps as there can be, for the files that are written with every request.
//!
//! A version, fields of a fixed length, then the names. Earlier versions wrote such files in lines of JSON, which begin
//! with a brace; what they have left is still read.

use std::io;

use worv_core::{
    UnixMillis,
    id::RequestId,
    key::KeyId,
    usage::{Outcome, UsageRecord},
};

use super::{code, journal::Line};
use crate::text;

/// The first byte of a record.
const VERSION: u8 = 1;

/// The first byte of a line of JSON.
const BRACE: u8 = b'{';

const STREAM: u8 = 1;
const CLAMPED: u8 = 1 << 1;
const FIRST_BYTE: u8 = 1 << 2;
const GRANTED: u8 = 1 << 3;
const CHAT_USER: u8 = 1 << 4;

/// Adds a record that ended in that way.
pub(super) fn pack(record: &UsageRecord, outcome: Outcome, to: &mut Vec<u8>) {
    pack_named(record, outcome, (&record.requested_model, &record.served_model), to);
}

/// As [`pack`], with at most so many characters of the models' names.
pub(super) fn pack_shortened(record: &UsageRecord, outcome: Outcome, characters: usize, to: &mut Vec<u8>) {
    let [requested, served] = [&record.requested_model, &record.served_model].map(|name| text::tamed(name, characters));
    pack_named(record, outcome, (&requested, &served), to);
}

/// Takes a record off the front.
///
/// # Errors
/// Where there is none.
pub(super) fn unpack(bytes: &mut &[u8]) -> io::Result<UsageRecord> {
    match bytes.first() {
        Some(&BRACE) => unpack_line(bytes),
        Some(&VERSION) => {
            *bytes = &bytes[1..];
            unpack_fields(bytes)
        }
        _ => Err(unreadable()),
    }
}

fn pack_named(record: &UsageRecord, outcome: Outcome, (requested, served): (&str, &str), to: &mut Vec<u8>) {
    let flags = [
        (STREAM, record.stream),
        (CLAMPED, record.clamped),
        (FIRST_BYTE, record.first_byte_ms.is_some()),
        (GRANTED, record.granted_tokens.is_some()),
        (CHAT_USER, record.chat_user.is_some()),
    ];
    let flags = flags
        .iter()
        .filter(|(_, set)| *set)
        .fold(0, |all, (flag, _)| all | flag);
    to.extend_from_slice(&[VERSION, flags]);
    to.extend_from_slice(&record.request_id.to_bytes());
    to.extend_from_slice(&record.key.0.to_le_bytes());
    to.extend_from_slice(&record.started_at.0.to_le_bytes());
    for tokens in [
        record.prompt_tokens,
        record.cached_tokens,
        record.completion_tokens,
        record.reasoning_tokens,
        record.granted_tokens.unwrap_or_default(),
    ] {
        to.extend_from_slice(&tokens.to_le_bytes());
    }
    for time in [
        record.first_byte_ms.unwrap_or_default(),
        record.duration_ms,
        record.queue_ms,
        record.overhead_us,
    ] {
        to.extend_from_slice(&time.to_le_bytes());
    }
    for code in [
        code::of_endpoint(record.endpoint),
        code::of_outcome(outcome),
        code::of_client(record.client),
    ] {
        to.extend_from_slice(&code.to_le_bytes());
    }
    to.extend_from_slice(&record.status.to_le_bytes());
    for name in [requested, served, record.chat_user.as_deref().unwrap_or_default()] {
        // No request is as long as four gigabytes.
        to.extend_from_slice(&u32::try_from(name.len()).unwrap_or_default().to_le_bytes());
        to.extend_from_slice(name.as_bytes());
    }
}

fn unpack_fields(bytes: &mut &[u8]) -> io::Result<UsageRecord> {
    let [flags] = array(bytes)?;
    let has = |flag| flags & flag != 0;
    let request_id = RequestId::from_bytes(array(bytes)?);
    let key = KeyId(i64::from_le_bytes(array(bytes)?));
    let started_at = UnixMillis(i64::from_le_bytes(array(bytes)?));
    let mut tokens = || Ok::<_, io::Error>(u64::from_le_bytes(array(bytes)?));
    let [
        prompt_tokens,
        cached_tokens,
        completion_tokens,
        reasoning_tokens,
        granted,
    ] = [tokens()?, tokens()?, tokens()?, tokens()?, tokens()?];
    let mut time = || Ok::<_, io::Error>(u32::from_le_bytes(array(bytes)?));
    let [first_byte_ms, duration_ms, queue_ms, overhead_us] = [time()?, time()?, time()?, time()?];
    let mut code = || Ok::<_, io::Error>(i16::from_le_bytes(array(bytes)?));
    let [endpoint, outcome, client] = [code()?, code()?, code()?];
    let status = u16::from_le_bytes(array(bytes)?);
    let [requested_model, served_model, chat_user] = [name(bytes)?, name(bytes)?, name(bytes)?];
    Ok(UsageRecord {
        request_id,
        key,
        endpoint: code::endpoint(endpoint).map_err(io::Error::other)?,
        requested_model,
        served_model,
        stream: has(STREAM),
        prompt_tokens,
        cached_tokens,
        completion_tokens,
        reasoning_tokens,
        outcome: code::outcome(outcome).map_err(io::Error::other)?,
        status,
        started_at,
        first_byte_ms: has(FIRST_BYTE).then_some(first_byte_ms),
        duration_ms,
        queue_ms,
        overhead_us,
        client: code::client(client).map_err(io::Error::other)?,
        granted_tokens: has(GRANTED).then_some(granted),
        clamped: has(CLAMPED),
        chat_user: has(CHAT_USER).then_some(chat_user),
    })
}

fn unpack_line(bytes: &mut &[u8]) -> io::Result<UsageRecord> {
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(unreadable)?;
    let line = &bytes[..end];
    *bytes = &bytes[end + 1..];
    serde_json::from_slice::<Line<'_>>(line)?.record()
}

fn name(bytes: &mut &[u8]) -> io::Result<String> {
    let length = usize::try_from(u32::from_le_bytes(array(bytes)?)).map_err(io::Error::other)?;
    let (name, rest) = bytes.split_at_checked(length).ok_or_else(unreadable)?;
    *bytes = rest;
    String::from_utf8(name.to_owned()).map_err(io::Error::other)
}

fn array<const LENGTH: usize>(bytes: &mut &[u8]) -> io::Result<[u8; LENGTH]> {
    let (array, rest) = bytes.split_first_chunk().ok_or_else(unreadable)?;
    *bytes = rest;
    Ok(*array)
}

fn unreadable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is no record of usage")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::journal::tests::record;

    fn packed(record: &UsageRecord) -> Vec<u8> {
        let mut bytes = Vec::new();
        pack(record, record.outcome, &mut bytes);
        bytes
    }

    #[test]
    fn records_come_back_one_after_the_other() {
        let sparse = UsageRecord {
            first_byte_ms: Some(0),
            granted_tokens: None,
            chat_user: None,
            stream: false,
            clamped: false,
            requested_model: String::new(),
            outcome: Outcome::Done,
            ..record(2)
        };
        let records = [record(1), sparse, record(3)];
        let bytes = records.iter().map(packed).collect::<Vec<_>>().concat();
        let mut rest = &bytes[..];
        assert_eq!([(); 3].map(|()| unpack(&mut rest).unwrap()), records);
        assert!(rest.is_empty());
    }

    #[test]
    fn lines_of_earlier_versions_are_read() {
        let mut bytes = serde_json::to_vec(&Line::from(&record(1))).unwrap();
        bytes.push(b'\n');
        bytes.extend(packed(&record(2)));
        let mut rest = &bytes[..];
        assert_eq!([(); 2].map(|()| unpack(&mut rest).unwrap()), [1, 2].map(record));
    }

    #[test]
    fn what_is_cut_short_or_of_another_kind_is_no_record() {
        let whole = packed(&record(1));
        for length in 0..whole.len() {
            assert!(unpack(&mut &whole[..length]).is_err(), "{length}");
        }
        for strange in [&b"{\"id\":[torn"[..], b"{}\n", b"\0", b"\x02"] {
            assert!(unpack(&mut &*strange).is_err(), "{}", strange.escape_ascii());
        }
    }
}
