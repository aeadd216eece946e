# A CA of one's own, as three files of PEM.
deployer ca init --dir own --organization "Example Ltd" --name Own
jq -r .certificate own/issuing-ca.json > intermediate.pem
jq -r .private_key own/issuing-ca.json > intermediate-key.pem
jq -r .chain own/issuing-ca.json > intermediate-chain.pem
