//! Where objects are, as their ARNs tell it; `*` for what is not known.

/// The partitions beside `aws`, each with what the names of its regions begin with.
/// Source: <https://docs.aws.amazon.com/general/latest/gr/rande.html> and the SDKs' `partitions.json`.
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("eusc-", "aws-eusc"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
];

/// A place in AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Such as `aws` or `aws-cn`.
    pub partition: String,
    /// Such as `eu-west-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
}

impl Place {
    /// A region of an account, in the partition that the region is in.
    pub fn new(region: Option<String>, account: Option<String>) -> Self {
        let any = || "*".to_owned();
        let region = region.unwrap_or_else(any);
        let partition = partition(&region).to_owned();
        Self { partition, region, account: account.unwrap_or_else(any) }
    }

    /// The ARN of something in a region.
    pub fn arn(&self, service: &str, object: &str) -> String {
        let Self { partition, region, account } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{object}")
    }

    /// A part by its name.
    pub fn part(&self, name: &str) -> Option<&str> {
        match name {
            "partition" => Some(&self.partition),
            "region" => Some(&self.region),
            "account" => Some(&self.account),
            _ => None,
        }
    }
}

/// The partition that a region is in.
pub fn partition(region: &str) -> &'static str {
    let found = PARTITIONS.iter().find(|(prefix, _)| region.starts_with(prefix));
    found.map_or("aws", |(_, partition)| partition)
}
