//! PEM blocks, read strictly (RFC 7468 section 3, the strict form): nothing but white space outside
//! of blocks, no headers within, canonical base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block. The content is wiped from memory on drop, since it may be a private key.
pub(crate) struct Block<'a> {
    pub(crate) label: &'a str,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// All blocks of a text, which has nothing else in it but white space.
///
/// The error says what is wrong without quoting the text.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block<'_>>, &'static str> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(|line| line.trim_end_matches([' ', '\t', '\r']));
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let label = label(line, "-----BEGIN ").ok_or("there is text outside of a PEM block")?;
        let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
        loop {
            let line = lines.next().ok_or("a PEM block has no END line")?;
            if let Some(end) = self::label(line, "-----END ") {
                if end != label {
                    return Err("the BEGIN and END lines of a PEM block differ");
                }
                break;
            }
            if line.contains(':') {
                return Err("a PEM block has headers");
            }
            base64.push_str(line);
        }
        let mut der = Zeroizing::new(vec![0; base64.len()]);
        let length = STANDARD
            .decode_slice(base64.as_bytes(), &mut der)
            .map_err(|_| "a PEM block is not valid base64")?;
        der.truncate(length);
        if der.is_empty() {
            return Err("a PEM block is empty");
        }
        blocks.push(Block { label, der });
    }
    Ok(blocks)
}

fn label<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    line.strip_prefix(prefix)?.strip_suffix("-----")
}

/// Encodes one block with lines of 64 characters and a final newline.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut rest = base64.as_str();
    let mut lines = vec![format!("-----BEGIN {label}-----")];
    while let Some((line, after)) = rest.split_at_checked(64) {
        lines.push(line.to_owned());
        rest = after;
    }
    if !rest.is_empty() {
        lines.push(rest.to_owned());
    }
    lines.push(format!("-----END {label}-----\n"));
    lines.join("\n")
}
