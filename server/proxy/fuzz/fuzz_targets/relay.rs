#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| worv_proxy::fuzzing::relay(data));
