//! What upstream tells of the partner itself, and the proposals that only some upstreams offer.

/// The partner that the keys belong to. Everything but the name can be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    pub id: Option<String>,
    pub name: String,
    /// Upstream's words, such as `Partner Premium`.
    pub level: Option<String>,
    /// Whom to turn to at Vipps MobilePay.
    pub contact_name: Option<String>,
    pub contact_email: Option<String>,
    /// Upstream's word (`PENDING`, `ACTIVE`, `DEACTIVATED`), shown as it is when it is a new one.
    pub status: Option<String>,
}

/// Something that the documents of the Management API once proposed. Whether an upstream has it must be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proposal {
    /// A list of all merchants.
    Merchants,
    /// What upstream knows of the partner.
    WhoAmI,
    /// A merchant's contracts.
    Contracts,
    /// To change a sales unit's name, logo or status.
    ChangeSalesUnit,
    /// How the calls about a sales unit go.
    ApiQuality,
}

impl Proposal {
    pub const ALL: [Self; 5] =
        [Self::Merchants, Self::WhoAmI, Self::Contracts, Self::ChangeSalesUnit, Self::ApiQuality];

    /// Names the proposal in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Merchants => "merchants",
            Self::WhoAmI => "whoami",
            Self::Contracts => "contracts",
            Self::ChangeSalesUnit => "change_sales_unit",
            Self::ApiQuality => "api_quality",
        }
    }

    /// What it is called on pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Merchants => "List of merchants",
            Self::WhoAmI => "The partner’s own data",
            Self::Contracts => "A merchant’s contracts",
            Self::ChangeSalesUnit => "Changing a sales unit",
            Self::ApiQuality => "How the calls about a sales unit go",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|proposal| proposal.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_proposal_has_a_word_of_its_own() {
        for proposal in Proposal::ALL {
            assert_eq!(Proposal::from_word(proposal.word()), Some(proposal));
        }
        assert_eq!(Proposal::from_word("Merchants"), None);
    }
}
