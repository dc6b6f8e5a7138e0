#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mudeung_fuzz::dpop_proof(bytes));
