//! Where objects are, as their ARNs tell it; `*` for what is not known.

/// A place in AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `aws`, `aws-cn` or `aws-us-gov`.
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
        let partition = match region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Self { partition: partition.to_owned(), region, account: account.unwrap_or_else(any) }
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
