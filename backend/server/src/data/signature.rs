//! Signed file addresses: what they bind, and their signature.
//!
//! Clients that read Parquet over HTTP send no token; for them the address is the capability. It binds file, app,
//! credential, token, the key that signed the token, grant, the listing it stands in and end, and is checked over the *decoded* parameters, because
//! clients re-encode. So an address dies with whatever it stands on: one made with a forged token dies when the stolen key
//! is revoked. `sp=r` says nothing new, but readers of shared tables take an address for a remote file only when it is
//! there.

use crate::data::params::Params;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{AppId, CredentialId, FileId, GrantId, KeyId, TokenId};
use sha2::Sha256;

/// The path under which files are read; the file's identifier follows.
pub const FILES_PATH: &str = "/v1/files/";
/// The parameters of a signed address.
pub const PARAMETERS: [&str; 9] = ["app", "credential", "token", "key", "grant", "listing", "exp", "sp", "sig"];
/// What stands in `grant` for data that needs none.
const SYNTHETIC: &str = "synthetic";

/// Whether an address claims to be a signed one.
pub fn is_signed(path: &str, query: &str) -> bool {
    path.starts_with(FILES_PATH) && query.split('&').any(|pair| pair.starts_with("sig="))
}

/// What a signed address says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The file.
    pub file: FileId,
    /// The app it was made for.
    pub app: AppId,
    /// The credential of the token it was made with.
    pub credential: CredentialId,
    /// The token it was made with.
    pub token: TokenId,
    /// The key that signed that token.
    pub signed_by: KeyId,
    /// The grant that opens the file; `None` for synthetic data.
    pub grant: Option<GrantId>,
    /// The entry of the listing that it stands in, so that reads can be traced to it.
    pub listing: u64,
    /// When it stops working, in whole seconds.
    pub expires_at: Timestamp,
}

/// An address that is not ours, was changed, or is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signed address is not valid, or not any more")]
pub struct InvalidAddress;

impl Address {
    /// The absolute address.
    pub fn sign(&self, public_url: &str, key: &[u8; 32]) -> String {
        let Self { file, app, credential, token, signed_by, listing, expires_at, .. } = self;
        let (grant, exp) = (self.grant_text(), expires_at.seconds());
        let signature = URL_SAFE_NO_PAD.encode(self.mac(key).finalize().into_bytes());
        format!(
            "{public_url}{FILES_PATH}{file}?app={app}&credential={credential}&token={token}&key={signed_by}&grant={grant}\
             &listing={listing}&exp={exp}&sp=r&sig={signature}"
        )
    }

    /// Reads and checks the parameters of an address of a file.
    pub fn verify(file: FileId, query: &str, key: &[u8; 32], now: Timestamp) -> Result<Self, InvalidAddress> {
        let params = Params::parse(query, &PARAMETERS).ok().ok_or(InvalidAddress)?;
        let text = |name| params.get(name).ok_or(InvalidAddress);
        let address = Self {
            file,
            app: parsed(text("app")?)?,
            credential: parsed(text("credential")?)?,
            token: parsed(text("token")?)?,
            signed_by: parsed(text("key")?)?,
            grant: match text("grant")? {
                SYNTHETIC => None,
                grant => Some(parsed(grant)?),
            },
            listing: parsed(text("listing")?)?,
            expires_at: Timestamp::from_seconds(parsed(text("exp")?)?),
        };
        let signature = URL_SAFE_NO_PAD.decode(text("sig")?).ok().ok_or(InvalidAddress)?;
        address.mac(key).verify_slice(&signature).ok().ok_or(InvalidAddress)?;
        let canonical = text("exp")? == address.expires_at.seconds().to_string()
            && text("listing")? == address.listing.to_string()
            && text("sp")? == "r";
        if canonical && now < address.expires_at { Ok(address) } else { Err(InvalidAddress) }
    }

    fn grant_text(&self) -> String {
        self.grant.map_or_else(|| SYNTHETIC.to_owned(), |grant| grant.to_string())
    }

    fn mac(&self, key: &[u8; 32]) -> Hmac<Sha256> {
        let Self { file, app, credential, token, signed_by, listing, expires_at, .. } = self;
        let (grant, exp) = (self.grant_text(), expires_at.seconds());
        let bound = format!("file\n{file}\n{app}\n{credential}\n{token}\n{signed_by}\n{grant}\n{listing}\n{exp}\nr");
        let mut mac = keyed(key);
        mac.update(bound.as_bytes());
        mac
    }
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, InvalidAddress> {
    text.parse().ok().ok_or(InvalidAddress)
}

/// HMAC-SHA-256 under a key of ours. A key shorter than a block counts as one filled up with zeros.
pub fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    <Hmac<Sha256> as Mac>::new(&block)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn address(grant: Option<GrantId>) -> Address {
        Address {
            file: FileId::from_bytes([1; 16]),
            app: AppId::from_bytes([2; 16]),
            credential: CredentialId::from_bytes([3; 16]),
            token: TokenId::from_bytes([4; 16]),
            signed_by: KeyId::from_bytes([6; 16]),
            grant,
            listing: 77,
            expires_at: Timestamp::from_seconds(2_000),
        }
    }

    fn query(address: &Address) -> String {
        address.sign("https://sandbox.example", &KEY).split_once('?').unwrap().1.to_owned()
    }

    fn check(query: &str) -> Result<Address, InvalidAddress> {
        Address::verify(FileId::from_bytes([1; 16]), query, &KEY, Timestamp::from_seconds(1_999))
    }

    #[test]
    fn what_was_signed_is_read_back_until_its_end() {
        for grant in [None, Some(GrantId::from_bytes([5; 16]))] {
            let address = address(grant);
            let query = query(&address);
            assert_eq!(check(&query), Ok(address));
            assert_eq!(check(&query.replace('_', "%5F")), Ok(address), "clients re-encode");
            let late = Address::verify(address.file, &query, &KEY, Timestamp::from_seconds(2_000));
            assert_eq!(late, Err(InvalidAddress));
            let other = Address::verify(FileId::from_bytes([9; 16]), &query, &KEY, Timestamp::from_seconds(0));
            assert_eq!(other, Err(InvalidAddress));
            let key = Address::verify(address.file, &query, &[8; 32], Timestamp::from_seconds(0));
            assert_eq!(key, Err(InvalidAddress));
        }
    }

    #[test]
    fn every_single_changed_character_is_refused() {
        let query = query(&address(Some(GrantId::from_bytes([5; 16]))));
        for position in 0..query.len() {
            let mut changed = query.clone().into_bytes();
            changed[position] = if changed[position] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(check(&changed).is_err(), "{changed}");
        }
    }

    #[test]
    fn more_fewer_or_doubled_parameters_are_refused() {
        let query = query(&address(None));
        assert!(check(&format!("{query}&more=1")).is_err());
        assert!(check(&format!("{query}&grant=synthetic")).is_err());
        assert!(check(&query.replace("&sp=r", "")).is_err());
        assert!(check(&query.replace("exp=2000", "exp=+2000")).is_err());
        assert!(check("").is_err());
        let sig = query.rsplit_once('=').unwrap().1;
        assert!(sig.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    }
}
