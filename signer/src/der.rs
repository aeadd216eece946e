//! A strict reader of DER (X.690), enough for certificate requests.
//!
//! Hostile input is read with this and not with a general parser, because a parser that is lenient
//! about trailing elements or about a second value lets two readers see two different requests.
//! It never recurses, so nesting costs nothing.

mod value;

/// Universal and context tags that appear in a certificate request.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const T61_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    pub(crate) const CONTEXT_0: u8 = 0xa0;
}

/// The input is not DER, or not of the expected shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

pub(crate) type Result<T> = std::result::Result<T, Malformed>;

/// One element: its tag, its content, and both together as they were encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) raw: &'a [u8],
}

/// Reads elements one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self(input)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element, whatever its tag.
    pub(crate) fn element(&mut self) -> Result<Element<'a>> {
        let input = self.0;
        let (&tag, rest) = input.split_first().ok_or(Malformed)?;
        // Tags above 30 take more than one byte; nothing here has one.
        if tag & 0x1f == 0x1f {
            return Err(Malformed);
        }
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length).ok_or(Malformed)?;
        if !value::is_valid(tag, content) {
            return Err(Malformed);
        }
        self.0 = rest;
        Ok(Element { tag, content, raw: &input[..input.len() - rest.len()] })
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn read(&mut self, tag: u8) -> Result<&'a [u8]> {
        let element = self.element()?;
        if element.tag == tag { Ok(element.content) } else { Err(Malformed) }
    }

    /// The content of the next element as elements of its own.
    pub(crate) fn nested(&mut self, tag: u8) -> Result<Self> {
        self.read(tag).map(Self)
    }

    /// The content of the next element if it has this tag; otherwise nothing is consumed.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>> {
        if self.0.first() == Some(&tag) { self.read(tag).map(Some) } else { Ok(None) }
    }

    /// Succeeds only if nothing is left.
    pub(crate) fn finish(self) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

/// Whether these elements stand in the order that DER prescribes for those of a set (X.690 11.6).
pub(crate) fn in_set_order(mut elements: Reader<'_>) -> Result<bool> {
    let mut last: &[u8] = &[];
    while !elements.is_empty() {
        let element = elements.element()?.raw;
        if element < last {
            return Ok(false);
        }
        last = element;
    }
    Ok(true)
}

/// A definite length in its shortest form (X.690 10.1), up to 65,535.
fn length(input: &[u8]) -> Result<(usize, &[u8])> {
    match *input {
        [short @ 0..=0x7f, ref rest @ ..] => Ok((usize::from(short), rest)),
        [0x81, long @ 0x80..=0xff, ref rest @ ..] => Ok((usize::from(long), rest)),
        [0x82, high @ 1..=0xff, low, ref rest @ ..] => {
            Ok((usize::from(u16::from_be_bytes([high, low])), rest))
        }
        _ => Err(Malformed),
    }
}

/// A bit string that fills whole bytes.
pub(crate) fn whole_bits(content: &[u8]) -> Result<&[u8]> {
    match content {
        [0, bytes @ ..] => Ok(bytes),
        _ => Err(Malformed),
    }
}

/// The magnitude of a positive integer in its shortest form.
pub(crate) fn positive(content: &[u8]) -> Result<&[u8]> {
    match content {
        [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => Ok(rest),
        [1..=0x7f, ..] => Ok(content),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::{Malformed, Reader, positive, tag};

    #[test]
    fn only_the_shortest_definite_length_is_read() {
        let read = |input: &[u8]| Reader::new(input).element().map(|element| element.content.len());
        assert_eq!(read(&[0x30, 0x01, 0xff]), Ok(1));
        for input in [
            &[][..],
            &[0x30],
            &[0x30, 0x80, 0, 0],                   // indefinite
            &[0x30, 0x81, 0x01, 0xff],             // not the shortest
            &[0x30, 0x82, 0x00, 0x81],             // not the shortest
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], // absurd
            &[0x30, 0x02, 0xff],                   // truncated
            &[0x1f, 0x81, 0x01, 0x00],             // multi-byte tag
            &[0x02, 0x00],                         // no integer
        ] {
            assert_eq!(read(input), Err(Malformed), "{input:02x?}");
        }
    }

    #[test]
    fn left_over_elements_are_an_error() {
        let mut reader = Reader::new(&[0x05, 0x00, 0x05, 0x00]);
        assert_eq!(reader.read(tag::NULL), Ok(&[][..]));
        assert_eq!(reader.finish(), Err(Malformed));
    }

    #[test]
    fn integers_are_positive_and_minimal() {
        assert_eq!(positive(&[0, 0x80]), Ok(&[0x80][..]));
        assert_eq!(positive(&[3]), Ok(&[3][..]));
        for bad in [&[][..], &[0], &[0, 1], &[0x80]] {
            assert_eq!(positive(bad), Err(Malformed), "{bad:02x?}");
        }
    }
}
