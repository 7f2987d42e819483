/** The API's documentation: Swagger UI on our OpenAPI document. What is tried out is asked in the name of who is logged in. */
const place = document.getElementById("swagger-ui")

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.openapiUrl,
  deepLinking: true,
  requestInterceptor: (request) => {
    if (!request.headers.Authorization) request.headers["X-CSRFToken"] = place.dataset.csrfToken
    return request
  },
})
