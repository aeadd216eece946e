# A role that gets a certificate, as anybody may in the default stack.
allow='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}]}'
trust='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}'
aws iam create-role --role-name web --assume-role-policy-document "$trust"
aws iam put-role-policy --role-name web --policy-name certificates --policy-document "$allow"
keys='Credentials.[AccessKeyId, SecretAccessKey, SessionToken]'
role=arn:aws:iam::000000000000:role/web
read -r id secret token < <(aws sts assume-role --role-arn "$role" --role-session-name i-0abc --query "$keys")
AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token \
    deployer issue --dns web.internal.example --out web
