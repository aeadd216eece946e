aws lambda update-function-configuration --function-name cert-issuer-signer --memory-size 512
api=$(aws apigatewayv2 get-apis --query 'Items[0].ApiId')
route=$(aws apigatewayv2 get-routes --api-id "$api" --query 'Items[0].RouteId')
aws apigatewayv2 update-route --api-id "$api" --route-id "$route" --authorization-type NONE
